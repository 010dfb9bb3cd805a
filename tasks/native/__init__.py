"""Trees of LightGBM as machine code of this host, made by lleaves (the extra `fast`) in a process of its own, checked
against LightGBM, kept in a folder of this host, and used for tables for which it is faster."""
