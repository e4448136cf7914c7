"""Keras's own published tests of its layers and of Sequential (published.py says how): which, and what is not claimed."""

from types import SimpleNamespace

from keras.src import backend

from tests.published.layers import KINDS, Case, Sequential, Symbol, entering
from tests.published.published import Suite
from why128 import constraints

FILES = (
    "layers/reshaping/flatten_test.py",
    "layers/core/dense_test.py",
    "models/sequential_test.py",
    "layers/regularization/dropout_test.py",
    "layers/preprocessing/rescaling_test.py",
    "layers/reshaping/reshape_test.py",
    "layers/regularization/gaussian_noise_test.py",
    "layers/preprocessing/normalization_test.py",
    "layers/normalization/batch_normalization_test.py",
    "layers/normalization/layer_normalization_test.py",
    "layers/activations/activation_test.py",
    "layers/activations/elu_test.py",
    "layers/activations/leaky_relu_test.py",
    "layers/activations/prelu_test.py",
    "layers/activations/relu_test.py",
    "layers/activations/softmax_test.py",
)
LAYERS = SimpleNamespace(**KINDS, Input=entering, InputLayer=entering)
BACKEND = {**vars(backend), "KerasTensor": Symbol, "compute_output_spec": lambda call, *given: call(*given)}
HERE = {
    "keras.src": {
        "layers": LAYERS,
        "models": SimpleNamespace(Sequential=Sequential),
        "Sequential": Sequential,
        "backend": SimpleNamespace(**BACKEND),
        "constraints": constraints,
    },
    "keras.src.backend.common": {"keras_tensor": SimpleNamespace(KerasTensor=Symbol)},
    "keras.src.backend.common.keras_tensor": {"KerasTensor": Symbol},
    "keras.src.layers.activations": dict.fromkeys(("elu", "leaky_relu", "prelu", "relu", "softmax"), LAYERS),
    "keras.src.layers.core.input_layer": {"Input": entering},
    "keras.src.models.functional": {"Functional": type(None)},
    "keras.src.models.sequential": {"Sequential": Sequential},
}
IMAGES = "images, without Flatten before it"
OPEN = "images of an open shape"
OWN = "layers of one's own"
NOT_INSTALLED = "TensorFlow and Grain, which are not installed for it"
OTHER_CLASS = "TypeError, where wrong usage is a ValueError here"
NOT_CLAIMED = {
    "*sparse*": "sparse arrays",
    "*mask*": "masks",
    "*tf_data*": NOT_INSTALLED,
    "*grain*": NOT_INSTALLED,
    "*lora*": "LoRA, and layers in whole numbers",
    "*quanti*": "LoRA, and layers in whole numbers",
    "*int4*": "LoRA, and layers in whole numbers",
    "*awq*": "LoRA, and layers in whole numbers",
    "*gptq*": "LoRA, and layers in whole numbers",
    "*renorm*": "renorm",
    "BatchNormalizationTest.test_serialization": "renorm",
    "DenseTest.test_dense_basics": IMAGES,
    "DenseTest.test_legacy_load_own_variables": "weights given to a layer by a file's names",
    "FlattenTest.test_flatten_dense": "channels before rows",
    "*dynamic_dim*": OPEN,
    "ReshapeTest.test_reshape_sets_static_shape": OPEN,
    "ReshapeTest.test_reshape_model_fit_with_varying*": OPEN,
    "FlattenTest.test_flatten_with_scalar_channels": "images of no shape",
    "SequentialTest.test_basic_flow_as_a_submodel": "models within layers",
    "SequentialTest.test_basic_flow_with_*_model_as_first_layer": "convolutions",
    "SequentialTest.test_dict_inputs": OWN,
    "SequentialTest.test_list_inputs": OWN,
    "SequentialTest.test_bad_layer": OWN,
    "SequentialTest.test_shape_inference_failure": OWN,
    "SequentialTest.test_serialization*": OWN,
    "SequentialTest.test_functional_properties": "symbolic inputs and outputs",
    "SequentialTest.test_hasattr": "symbolic inputs and outputs",
    "SequentialTest.test_legacy_flow_with_input_shape": "a wrong input_shape within, which is refused here, not passed over",
    "*noise_shape*": "noise_shape",
    "RescalingTest.test_rescaling_with_channels_first_and_vector_scale": "a scale for each channel",
    "NormalizationTest.test_adapt_pydataset_compat*": NOT_INSTALLED,
    "NormalizationTest.test_adapt_tf_dataset*": NOT_INSTALLED,
    "NormalizationTest.test_adapt_iterable_batch_without_shape_raises": OTHER_CLASS,
    "NormalizationTest.test_call_on_meta_device_after_built": "PyTorch's devices",
    "NormalizationTest.test_normalization_basics": "mean and variance as weights, which are 0 and 1 before adapt",
    "NormalizationTest.test_normalization_adapt_with_incompatible_shape": "mean and variance as weights, which are 0 and 1 before adapt",
    "NormalizationTest.test_scalar_broadcast": "mean and variance as weights, which are 0 and 1 before adapt",
    "NormalizationTest.test_broadcast_*": "Normalization along other axes than the last",
    "NormalizationTest.*axis_tuple": "Normalization along other axes than the last",
    "NormalizationTest.test_normalization_adapt?": "Normalization along other axes than the last",
    "NormalizationTest.test_normalization_unknown_axis_shape": "Normalization along other axes than the last",
    "BatchNormalizationTest.test_bn_basics": IMAGES,
    "BatchNormalizationTest.test_correctness*": IMAGES,
    "BatchNormalizationTest.test_large_value_within_autocast_scope": IMAGES,
    "BatchNormalizationTest.test_trainable_behavior": IMAGES,
    "LayerNormalizationTest.test_correctness": IMAGES,
    "LayerNormalizationTest.test_ln_basics": IMAGES,
    "LayerNormalizationTest.test_large_value_within_autocast_scope": IMAGES,
    "LayerNormalizationTest.test_unsorted_axis": IMAGES,
    "LayerNormalizationTest.test_invalid_axis": OTHER_CLASS,
    "LayerNormalizationTest.test_output_with_rms_scaling": "rms_scaling",
    "PReLUTest.*": "shared_axes",
}  # fmt: skip
SUITE = Suite(FILES, HERE, Case, NOT_CLAIMED)
