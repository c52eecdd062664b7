;; It asks for four gigabytes of memory to begin with.
;; level: W
;; verdicts: crashed crashed crashed

(module
  (memory (export "memory") 65536)
  (func (export "mmap") (param i32 i64 i32 i32 i32) (result i32) i32.const 0)
  (func (export "munmap") (param i32 i64 i32) (result i32) i32.const 0)
  (func (export "mprotect") (param i32 i64 i32 i32) (result i32) i32.const 0)
  (func (export "page_fault") (param i32 i64 i32 i32) (result i32) i32.const 0)
  (func (export "fork") (param i32 i32) (result i32) i32.const 0)
  (func (export "exit") (param i32)))
