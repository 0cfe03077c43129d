"""What a profile measures: names, meanings, formulas and sources; one list for pictures, page and report."""

from __future__ import annotations

from dataclasses import dataclass

from xfer_core.i18n import N_


@dataclass(frozen=True)
class Measure:
    """One measure of a layer: *field* of ``Profile``, in words and as a formula.

    *title* and *what* are messages; *formula* is LaTeX, *source* a reference, neither is translated. *band*:
    the field holds a :class:`~xfer_core.analysis.profile.Band`; *floor*: the field of its shuffled labels;
    *span*: fixed bounds of the axis.
    """

    field: str
    title: str
    what: str
    formula: str
    source: str
    band: bool = False
    floor: str = ""
    span: tuple[float, float] | None = None


MEASURES = (
    Measure(
        "transfer", N_("What travels (macro-F1)"),
        N_(
            "A linear probe is trained on one layer's features of one domain and reads another domain; the"
            " mean over all pairs of two different domains. It is a logistic regression on standardised"
            " features; 70 % of each domain train, the other 30 % test, but for texts that stand in both."
        ),
        r"\frac{1}{|P|}\sum_{(s,t) \in P} F_1\big(\text{probe}_s, \text{texts of } t\big)",
        "Ben-David et al. 2010, Machine Learning 79, 151–175",
        band=True, floor="transfer_control",
    ),
    Measure(
        "task", N_("Task knowledge (macro-F1)"),
        N_(
            "How well a linear probe on the layer reads the label of texts it has not seen, all domains"
            " together. The probe is discriminant analysis on the answers of a ridge regression, its penalty"
            " chosen by leaving one text out; five folds, identical texts in one."
        ),
        r"\hat W = (X^\top X + \lambda I)^{-1} X^\top Y,"
        r"\quad \hat y = \arg\max_c\,p_{\text{LDA}}(c \mid \hat W^\top x)",
        "Alain & Bengio 2017, arXiv 1610.01644; Hastie, Buja & Tibshirani 1995, Ann. Statist. 23, 73–102",
        band=True, floor="control",
    ),
    Measure(
        "domain", N_("Domain evidence (accuracy)"),
        N_(
            "How often the same kind of probe names the domain of a text it has not seen. The more, the more"
            " a layer gives away where a text is from."
        ),
        r"\frac{1}{n}\sum_i \big[\hat d_i = d_i\big]",
        "Ben-David, Blitzer, Crammer & Pereira 2006, NeurIPS 19",
        band=True, floor="domain_control",
    ),
    Measure(
        "selectivity", N_("Selectivity"),
        N_(
            "Task knowledge less what the probe reaches on shuffled labels, the mean of 20 shuffles within"
            " each domain: what is left is the layer's, not the probe's. Each different text is a type of the"
            " control task."
        ),
        r"F_1(\text{labels}) - F_1(\text{shuffled labels})",
        "Hewitt & Liang 2019, arXiv 1909.03368",
    ),
    Measure(
        "logme", N_("LogME"),
        N_(
            "The logarithm of the highest evidence that a linear model can give the labels, per text. It"
            " needs no held-out texts; only layers of one picture compare."
        ),
        r"\max_{\alpha,\beta}\ \frac{1}{n} \log p(y \mid F, \alpha, \beta),\quad"
        r" y \sim \mathcal N(Fw, \beta^{-1}),\ w \sim \mathcal N(0, \alpha^{-1})",
        "You, Liu, Wang & Long 2021, arXiv 2102.11005",
    ),
    Measure(
        "a_distance", N_("Proxy A-distance"),
        N_(
            "How well two domains can be told apart on texts not seen, the mean over pairs: 0 alike, 2"
            " separable. It is read off the domain probe."
        ),
        r"2\,(1 - 2\varepsilon)",
        "Ben-David, Blitzer, Crammer & Pereira 2006, NeurIPS 19",
        span=(0, 2),
    ),
    Measure(
        "mmd", N_("MMD² (median heuristic)"),
        N_(
            "How different two domains are as clouds of points, the mean over pairs, without a probe; the"
            " width of the kernel is the median distance of two texts, so that layers compare."
        ),
        r"\mathbb E\,k(x,x') + \mathbb E\,k(y,y') - 2\,\mathbb E\,k(x,y),\quad"
        r" k(x,y) = e^{-\lVert x-y \rVert^2 / 2\sigma^2}",
        "Gretton et al. 2012, JMLR 13, 723–773",
    ),
    Measure(
        "purity_label", N_("Neighbours of the same label"),
        N_("Of a text's ten nearest (cosine) among all texts, the share with its label; the line is chance."),
        r"\frac{1}{n k}\sum_i \sum_{j \in N_k(i)} \big[y_j = y_i\big]",
        "Manning, Raghavan & Schütze 2008, §16.3",
    ),
    Measure(
        "purity_domain", N_("Neighbours of the same domain"),
        N_("Of a text's ten nearest (cosine) among all texts, the share of its domain; the line is chance."),
        r"\frac{1}{n k}\sum_i \sum_{j \in N_k(i)} \big[d_j = d_i\big]",
        "Manning, Raghavan & Schütze 2008, §16.3",
    ),
    Measure(
        "anisotropy", N_("Anisotropy"),
        N_(
            "The mean cosine of two different texts: near 0 where features point everywhere, near 1 where"
            " they all point one way, so that cosines say little."
        ),
        r"\frac{\lVert \sum_i u_i \rVert^2 - n}{n\,(n-1)},\quad u_i = x_i / \lVert x_i \rVert",
        "Ethayarajh 2019, arXiv 1909.00512",
    ),
    Measure(
        "intrinsic_dimension", N_("Intrinsic dimension (TwoNN)"),
        N_(
            "In how many directions near texts differ, estimated from the distances to a text's two nearest;"
            " with high dimensions it comes out too low."
        ),
        r"F(\mu) = 1 - \mu^{-d},\quad \mu = r_2 / r_1",
        "Facco, d’Errico, Rodriguez & Laio 2017, Scientific Reports 7, 12140",
    ),
    Measure(
        "moved", N_("Before and after tuning (CKA)"),
        N_(
            "Debiased linear CKA of the layer's features before and after tuning: 1 is unchanged up to"
            " turning and scaling."
        ),
        r"\frac{\mathrm{HSIC}_1(K, L)}{\sqrt{\mathrm{HSIC}_1(K, K)\,\mathrm{HSIC}_1(L, L)}}",
        "Kornblith et al. 2019, arXiv 1905.00414; Song et al. 2012, JMLR 13, 1393–1434",
        span=(0, 1),
    ),
)  # fmt: skip

HEADLINE = MEASURES[:3]
OTHERS = MEASURES[3:]
