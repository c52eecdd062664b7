"""Two traces -> the first divergence -> lines. Knows nothing of files, processes or colour."""
