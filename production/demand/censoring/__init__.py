"""True demand behind stock-outs: what customers would have taken were everything in stock.

exposure    how much of each period a variant could be bought, from the stock table
choice      a choice model with substitution, its weights fitted by EM
recapture   how many customers of a variant that is out take a sibling
restore     the walk through the periods that puts the two together
"""
