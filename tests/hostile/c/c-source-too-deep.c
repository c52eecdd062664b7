// An expression that is nested so deeply that a compiler without a limit would overflow its stack.
// level: W
// verdicts: crashed crashed crashed
// alone: yes

#define A(x) ((((((((((((((((x))))))))))))))))
#define B(x) A(A(A(A(A(A(A(A(x))))))))
#define C(x) B(B(B(B(B(B(B(B(x))))))))
#define D(x) C(C(C(C(C(C(C(C(x))))))))
int deep = D(1);
