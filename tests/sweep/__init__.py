"""Real tables of public packages through the running service: `make sweep`. Not part of CI."""
