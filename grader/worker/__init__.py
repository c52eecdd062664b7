"""The untrusted side and its confinement: runs a kernel elsewhere, brings its operations back, re-enacts them."""
