// It says that its lines come from a file of the grader's, so that messages quote that file.
// level: W
// verdicts: crashed crashed crashed
// alone: yes

# 1 "/forklab/secret"
int x = ;
