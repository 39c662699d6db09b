module eth_usd

go 1.24

require executor.local/guest v0.0.0

replace executor.local/guest => ../..
