"""Records of what a replay showed, and the state of machine and kernel that follows from them."""
