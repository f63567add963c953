# main.py <program> <token>…: says of each token whether the program takes it.
import runpy
import sys

verify = runpy.run_path(sys.argv[1])["verify"]
for token in sys.argv[2:]:
    try:
        print("yes", verify(token)["sub"])
    except Exception as error:
        print("no", type(error).__name__, str(error).replace("\n", " "))
