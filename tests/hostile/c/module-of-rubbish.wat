;; Bytes that are no module.
;; level: W
;; verdicts: crashed crashed crashed

(module binary "\00asm\01\00\00\00\01\ff\ff\ff\ff\0f rubbish")
