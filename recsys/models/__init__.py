"""The preference models, one file each; `recsys.registry` names them."""
