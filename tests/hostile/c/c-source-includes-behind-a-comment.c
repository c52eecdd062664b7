// It includes a file in a line that begins with a comment, and has another one in its middle.
// level: W
// verdicts: crashed crashed crashed
// alone: yes

/* a
comment */ # /* and another */ include "/forklab/secret"
