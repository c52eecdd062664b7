// Macros that expand to a hundred million letters.
// level: W
// verdicts: crashed crashed crashed
// alone: yes

#define A(x) x x x x x x x x x x
#define B(x) A(A(A(A(A(A(A(x)))))))
char *s = B(B("aaaaaaaa"));
