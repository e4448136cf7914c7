"""`python -m why128` is `why128`."""

from why128.cli.main import main

if __name__ == "__main__":
    main()
