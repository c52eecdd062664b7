// Thousands of errors, to flood whoever reads the compiler's messages.
// level: W
// verdicts: crashed crashed crashed
// alone: yes

#define A(x) x x x x x x x x x x
A(A(A(A(int f(void) { return undeclared; }))))
