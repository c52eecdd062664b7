// It includes a file with a directive that backslashes spread over several lines.
// level: W
// verdicts: crashed crashed crashed
// alone: yes

%\
:inc\
lude "/forklab/secret"
