"""Words that a beginner does not know, each explained in a sentence or two: what the page shows where one points at them."""

TERMS = {
    "neuron": "One small calculator: it multiplies every pixel by a number of its own (a weight), adds them all up, and passes the sum on. "
    "Learning means finding good weights.",
    "hidden layer": "The neurons between the picture and the answer. Nobody tells them what to look for: they find it while they learn.",
    "relu": "What a neuron does with its sum: it passes on what is above zero, and gives zero for everything else.",
    "activation": "What a neuron does with its sum before it passes it on. Without one, many layers could do no more than a single one.",
    "softmax": "Turns the scores of all classes into shares that add up to 100 %, so that they can be read as probabilities.",
    "epoch": "One pass over all pictures that are learned from. Ten epochs: every picture is seen ten times.",
    "overfitting": "Learning the pictures by heart instead of what they have in common: right on those it has seen, wrong on new ones.",
    "validation images": "Pictures that were kept back. No network learns from them, so they show how it does on pictures it has never seen.",
    "test images": "Pictures that nobody looks at until the choice is made, and then once: the fairest measure of the network you get.",
    "interval": "How far luck may have moved a number. The truth lies between its two ends as often as the confidence says.",
    "confidence": "How often statements made this way are true. At 95 %, of twenty studies that say 'enough', about nineteen or more are right.",
    "tolerance": "How much accuracy, in percentage points, you would give up for a smaller network.",
    "replicate": "The whole row of networks trained once more, with other random beginnings: so luck can be told from size.",
    "width": "The number of neurons in a hidden layer.",
    "candidate": "One of the networks that are compared: a number of neurons, and how it is trained.",
    "accuracy": "The share of pictures that are answered rightly.",
    "learning rate": "How large a step is taken each time the weights are corrected. Too small learns slowly; too large never settles.",
    "seed": "The number from which all chance is drawn. The same seed gives the same networks again.",
    "gap": "Accuracy on the pictures learned from, less that on unseen ones. A large gap means learning by heart.",
    "dead": "A neuron that gives zero to every picture. It costs as much as any other, and does nothing.",
    "int8": "Numbers of one byte instead of four: a quarter of the size, and nearly the same answers.",
    "latency": "The time from a picture to its answer.",
    "parameters": "All numbers that a network learns: the weights and biases of its neurons.",
}
