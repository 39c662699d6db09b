module executor.local/guest

go 1.24
