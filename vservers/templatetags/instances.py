"""Values of load balancers in words."""

from django import template

from vservers.pages import balancer_wording

register = template.Library()

register.filter("spec_words", balancer_wording.spec_words)
register.filter("bandwidth_words", balancer_wording.bandwidth_words)
register.filter("ip_words", balancer_wording.ip_words)
