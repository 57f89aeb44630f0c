"""Names that the cloud takes."""

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy

# Names of groups, listeners and rules: letters (Chinese too), digits, and - / . _
name_characters = RegexValidator(
    r"\A[A-Za-z0-9\u4e00-\u9fff\-/._]+\Z",
    gettext_lazy("Use letters, Chinese characters, digits, and - / . _ only."),
)
