// It includes a file of the grader's whose name a macro gives.
// level: W
// verdicts: crashed crashed crashed
// alone: yes

#define NAME "/forklab/secret"
#include NAME
