# Written by the install step below; see README.
