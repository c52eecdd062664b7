// It includes a file of the grader's, so that the compiler's messages quote it.
// level: W
// verdicts: crashed crashed crashed
// alone: yes

#include "/forklab/secret"
