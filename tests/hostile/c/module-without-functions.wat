;; A module that has nothing the machine could call.
;; level: W
;; verdicts: crashed crashed crashed

(module (memory (export "memory") 1))
