// It includes a file with trigraphs, which old compilers read as other letters.
// level: W
// verdicts: crashed crashed crashed
// alone: yes

??=include "/forklab/secret"
