// Arrays of two gigabytes with contents, which would fill a disk.
// level: W
// verdicts: crashed crashed crashed
// alone: yes

char one[1 << 30] = {1};
char other[1 << 30] = {1};
