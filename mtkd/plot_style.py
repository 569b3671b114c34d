"""Style of all plots: a palette that is safe for colour-blind readers, and matplotlib settings."""

COLOURS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000')  # palette of Okabe and Ito
STYLE = {
    'font.size': 8, 'axes.titlesize': 9, 'axes.titleweight': 'bold', 'axes.spines.top': False, 'axes.spines.right': False,
    'axes.grid': True, 'grid.color': '#e4e4e4', 'grid.linewidth': 0.6, 'axes.edgecolor': '#555555', 'axes.linewidth': 0.8,
    'lines.linewidth': 1.3, 'legend.frameon': False, 'legend.fontsize': 7.5, 'xtick.color': '#333333',
    'ytick.color': '#333333', 'svg.hashsalt': 'mtkd',
}  # fmt: skip
