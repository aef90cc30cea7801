def run(h,o,r): pass
