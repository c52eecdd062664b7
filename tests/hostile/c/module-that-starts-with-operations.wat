;; Its start function asks the machine for frames and prints, before there is a step.
;; level: W
;; verdicts: timed_out|crashed timed_out|crashed timed_out|crashed

(module
  (import "forklab" "allocate" (func $allocate (result i32)))
  (import "forklab" "log" (func $log (param i32 i32)))
  (memory (export "memory") 1)
  (func $start (loop (drop (call $allocate)) (call $log (i32.const 0) (i32.const -1)) br 0))
  (start $start)
  (func (export "mmap") (param i32 i64 i32 i32 i32) (result i32) i32.const 0)
  (func (export "munmap") (param i32 i64 i32) (result i32) i32.const 0)
  (func (export "mprotect") (param i32 i64 i32 i32) (result i32) i32.const 0)
  (func (export "page_fault") (param i32 i64 i32 i32) (result i32) i32.const 0)
  (func (export "fork") (param i32 i32) (result i32) i32.const 0)
  (func (export "exit") (param i32)))
