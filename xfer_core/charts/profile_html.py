"""The whole profile as one HTML file that needs nothing else: words, pictures, numbers, definitions."""

from __future__ import annotations

from xfer_core.analysis.profile import Profile
from xfer_core.charts.frame import Translate
from xfer_core.charts.measures import HEADLINE, MEASURES, OTHERS
from xfer_core.charts.profile import headline, likeness, small
from xfer_core.charts.standalone import Page
from xfer_core.i18n import fill


def html(profile: Profile, *, t: Translate = str, language: str = "en") -> str:
    page = Page(t("Universality"), language=language, t=t)
    page.paragraph(f"{profile.model} · {profile.corpus}")
    page.items([fill(said["message"], said["values"], t) for said in (*profile.words, *profile.notes)])
    if any(getattr(profile, measure.field).known for measure in HEADLINE):
        page.picture(headline(profile, t=t), t("What layers know, give away, and carry across domains"))
    for measure in OTHERS:
        figure = small(profile, measure, t=t)
        if figure is not None:
            page.heading(t(measure.title), 3)
            page.picture(figure, t(measure.what))
    page.heading(t("How alike layers are"))
    page.picture(likeness(profile, t=t), t("Debiased linear CKA of every two layers"))
    page.heading(t("All numbers"))
    columns = profile.columns()
    page.rows(list(columns), list(zip(*columns.values(), strict=True)))
    page.heading(t("What each measure is: definitions, formulas, sources"))
    page.items([f"{t(each.title)}: {t(each.what)} {each.source}" for each in MEASURES])
    return page.html()
