"""The regions' names as the cloud tells them in English, to be said in other languages.

The mirror holds what DescribeRegions answers to AcceptLanguage en-US. `{{ region.name|spoken }}`
says it in the reader's language, and a name that is not here as it came.
"""

from django.utils.translation import gettext_noop

NAMES = (
    gettext_noop("China (Qingdao)"),
    gettext_noop("China (Beijing)"),
    gettext_noop("China (Zhangjiakou)"),
    gettext_noop("China (Hohhot)"),
    gettext_noop("China (Ulanqab)"),
    gettext_noop("China (Hangzhou)"),
    gettext_noop("China (Shanghai)"),
    gettext_noop("China (Shenzhen)"),
    gettext_noop("China (Heyuan)"),
    gettext_noop("China (Guangzhou)"),
    gettext_noop("China (Chengdu)"),
    gettext_noop("China (Hong Kong)"),
    gettext_noop("Singapore"),
    gettext_noop("Malaysia (Kuala Lumpur)"),
    gettext_noop("Indonesia (Jakarta)"),
    gettext_noop("Philippines (Manila)"),
    gettext_noop("Thailand (Bangkok)"),
    gettext_noop("Japan (Tokyo)"),
    gettext_noop("South Korea (Seoul)"),
    gettext_noop("US (Silicon Valley)"),
    gettext_noop("US (Virginia)"),
    gettext_noop("Germany (Frankfurt)"),
    gettext_noop("UK (London)"),
    gettext_noop("UAE (Dubai)"),
)
