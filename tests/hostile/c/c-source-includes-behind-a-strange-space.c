// It includes a file behind a space that is none of the usual ones.
// level: W
// verdicts: crashed crashed crashed
// alone: yes

 #include "/forklab/secret"
#include "/forklab/secret"
