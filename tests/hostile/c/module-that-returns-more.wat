;; Its functions return more than the machine takes.
;; level: W
;; verdicts: crashed crashed crashed

(module
  (memory (export "memory") 1)
  (func (export "mmap") (param i32 i64 i32 i32 i32) (result i32) i32.const 0)
  (func (export "munmap") (param i32 i64 i32) (result i32) i32.const 0)
  (func (export "mprotect") (param i32 i64 i32 i32) (result i32) i32.const 0)
  (func (export "page_fault") (param i32 i64 i32 i32) (result i32) i32.const 0)
  (func (export "fork") (param i32 i32) (result i32) i32.const 0)
  (func (export "exit") (param i32) (result i64 i64 i64 i64) i64.const 1 i64.const 2 i64.const 3 i64.const 4))
