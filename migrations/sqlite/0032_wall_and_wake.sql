-- SQLite knows no policies of rows, and tells other processes nothing: nothing changes here.
SELECT 1;
