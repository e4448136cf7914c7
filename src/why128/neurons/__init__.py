"""What each hidden neuron sees, is worth and costs; networks with fewer of them, and with more."""
