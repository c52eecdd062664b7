"""Two traces -> the first divergence -> lines. Independent of files, processes and colour."""
