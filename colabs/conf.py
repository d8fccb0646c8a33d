"""The settings with which Sphinx builds the site; `python -m colabs.build` runs it."""

import docutils.nodes
import sphinx.application
import sphinx.util.logging
from docutils.utils.math import MathError, latex2mathml

import warmup_jax as wj

project, author = "warmup_jax", "the authors of warmup_jax"
release = version = wj.__version__
extensions = ["myst_nb"]

# Pages are MyST; their notebooks are executed before Sphinx starts (`generate/notebooks.py`).
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
myst_dmath_allow_space = False  # a price is no formula
myst_links_external_new_tab = False

add_module_names = False

html_theme = "furo"
html_title = "warmup_jax"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_search_summary = False  # it is fetched, which a browser refuses in a local folder
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_math_renderer = "mathml"
html_theme_options = {"navigation_with_keys": True}
pygments_dark_style = "github-dark"


def _mathml(node: docutils.nodes.Element, as_block: bool = False) -> str:
    try:
        return latex2mathml.tex2mathml(node.astext(), as_block=as_block)
    except MathError as error:
        sphinx.util.logging.getLogger(__name__).warning("a formula is not LaTeX that we know: %s", error, location=node)
        return ""


def _inline(translator, node: docutils.nodes.math) -> None:
    translator.body.append(_mathml(node))
    raise docutils.nodes.SkipNode


def _block(translator, node: docutils.nodes.math_block) -> None:
    translator.body.append(f'<div class="math">{_mathml(node, as_block=True)}</div>')
    raise docutils.nodes.SkipNode


def setup(app: sphinx.application.Sphinx) -> None:
    """Formulas become MathML while the site is built: a browser needs no script and no network for them."""
    app.add_html_math_renderer("mathml", inline_renderers=(_inline, None), block_renderers=(_block, None))
