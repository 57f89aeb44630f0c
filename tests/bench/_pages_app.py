"""What the pages are measured beside: Django's admin, and a plain ListView, of the same rows."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path
from django.views.generic import ListView

from vservers.models import LoadBalancer, VServerGroup

ROWS = 50
_CELLS = ("pk", "name", "owner", "load_balancer_id", 'created_at|date:"Y-m-d H:i"')
_TABLE = (
    "<!DOCTYPE html><title>{{ title }}</title><table>{% for row in page_obj %}<tr>"
    + "".join(f"<td>{{{{ row.{cell} }}}}</td>" for cell in _CELLS)
    + "</tr>{% endfor %}</table><p>{{ page_obj.paginator.count }} rows</p>"
)


class Plain(ListView):
    """50 rows of five columns, counted and paged: the least that a list can be."""

    paginate_by = ROWS
    ordering = ("name", "pk")

    def render_to_response(self, context: dict[str, object], **kwargs: object) -> HttpResponse:
        template = engines["django"].from_string(_TABLE)
        return HttpResponse(template.render(context, self.request))


@admin.register(VServerGroup)
class GroupAdmin(admin.ModelAdmin):
    list_display = ("vserver_group_id", "name", "load_balancer", "owner", "created_at")
    list_select_related = ("load_balancer",)
    list_per_page = ROWS
    search_fields = ("name", "vserver_group_id")


@admin.register(LoadBalancer)
class BalancerAdmin(admin.ModelAdmin):
    list_display = ("load_balancer_id", "name", "address", "status", "created_at")
    list_per_page = ROWS
    search_fields = ("name", "load_balancer_id")


def anyone(request: HttpRequest) -> bool:
    return True


admin.site.has_permission = anyone  # type: ignore[method-assign]
urlpatterns = [
    path("plain/groups/", Plain.as_view(model=VServerGroup)),
    path("plain/balancers/", Plain.as_view(model=LoadBalancer)),
    path("admin/", admin.site.urls),
    path("", include("console.urls")),
]
