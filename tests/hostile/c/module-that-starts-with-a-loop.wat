;; Its start function, which runs while it is made ready, loops.
;; level: W
;; verdicts: timed_out timed_out timed_out

(module
  (memory (export "memory") 1)
  (func $start (loop br 0))
  (start $start)
  (func (export "mmap") (param i32 i64 i32 i32 i32) (result i32) i32.const 0)
  (func (export "munmap") (param i32 i64 i32) (result i32) i32.const 0)
  (func (export "mprotect") (param i32 i64 i32 i32) (result i32) i32.const 0)
  (func (export "page_fault") (param i32 i64 i32 i32) (result i32) i32.const 0)
  (func (export "fork") (param i32 i32) (result i32) i32.const 0)
  (func (export "exit") (param i32)))
