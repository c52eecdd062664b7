// It includes a file between two lines whose text a compiler reads as it is, though it looks like a comment.
// level: W
// verdicts: crashed crashed crashed
// alone: yes

#warning /*
#include "/forklab/secret"
#warning */
