# Draws bench/results/peers.tsv: gnuplot ../plot_peers.gp in that folder.
set datafile separator "\t"
set terminal svg size 980,480 font "sans-serif,13" background "white"
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.9 noborder
set grid ytics lc rgb "#d0d7de"
set border 3 lc rgb "#51606f"
set xtics nomirror scale 0
set ytics nomirror
set key outside bottom center horizontal samplen 1.5
set logscale y
set yrange [10:*]
set ylabel "server CPU, ns per ID (log scale, less is better)"
colours = "#0b6e4f #58b09c #c1121f #e5616a #f4a5ab #33658a #86bbd8"
# One million and ten million references, half of the IDs held.
do for [references in "1000000 10000000"] {
  set output sprintf("peers-%s.svg", references)
  set title sprintf("Checks, %s references, half hits: batch / in flight", references)
  rows = sprintf("< awk -F'\\t' 'NR == 1 || ($1 == %s && $2 == 50)' peers.tsv", references)
  plot for [i=5:11] rows using i:xticlabels(sprintf("%s/%s", stringcolumn(3), stringcolumn(4))) \
    lc rgb word(colours, i - 4) title columnheader(i)
}
