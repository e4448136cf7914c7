"""The C of every step and activation, as text: plain C99 that C++ takes too, with nothing but <math.h> and the sizes of integers.

Functions read `in` and write `out`, which may be the same array but for a product's.
"""

from __future__ import annotations

ELEMENT = """static inline void why128_{name}(const float *in, size_t count, float *out)
{{
    for (size_t i = 0; i < count; i++) {{
        const float x = in[i];
        out[i] = {formula};
    }}
}}
"""

SOFTPLUS = "(x > 0.0f ? x : 0.0f) + log1pf(expf(-fabsf(x)))"
SIGMOID = "0.5f * (tanhf(0.5f * x) + 1.0f)"  # by tanh, as activations.py has it
HARD_SIGMOID = "(x <= -3.0f ? 0.0f : x >= 3.0f ? 6.0f : x + 3.0f) / 6.0f"

# One number in, one number out: a C expression in x.
FORMULAS = {
    "linear": "x",
    "relu": "x < 0.0f ? 0.0f : x",
    "relu6": "x <= 0.0f ? 0.0f : x >= 6.0f ? 6.0f : x",
    "leaky_relu": "x >= 0.0f ? x : 0.2f * x",
    "elu": "x > 0.0f ? x : expm1f(x)",
    "celu": "x > 0.0f ? x : expm1f(x)",
    "selu": "1.05070099f * (x > 0.0f ? x : 1.67326324f * expm1f(x))",
    "gelu": "0.5f * x * (1.0f + erff(0.707106781f * x))",
    "silu": f"x * ({SIGMOID})",
    "mish": f"x * tanhf({SOFTPLUS})",
    "softplus": SOFTPLUS,
    "softsign": "x / (1.0f + fabsf(x))",
    "squareplus": "0.5f * (x + sqrtf(x * x + 4.0f))",
    "sparse_plus": "x <= -1.0f ? 0.0f : x < 1.0f ? 0.25f * (x + 1.0f) * (x + 1.0f) : x",
    "soft_shrink": "x > 0.5f ? x - 0.5f : x < -0.5f ? x + 0.5f : 0.0f",
    "hard_shrink": "fabsf(x) > 0.5f ? x : 0.0f",
    "tanh_shrink": "x - tanhf(x)",
    "tanh": "tanhf(x)",
    "hard_tanh": "x > 1.0f ? 1.0f : x < -1.0f ? -1.0f : x",
    "sigmoid": SIGMOID,
    "hard_sigmoid": HARD_SIGMOID,
    "hard_silu": f"x * ({HARD_SIGMOID})",
    "log_sigmoid": "(x < 0.0f ? x : 0.0f) - log1pf(expf(-fabsf(x)))",
    "sparse_sigmoid": "x <= -1.0f ? 0.0f : x >= 1.0f ? 1.0f : 0.5f * (x + 1.0f)",
    "exponential": "expf(x)",
}

SOFTMAX = """static inline void why128_softmax(const float *in, size_t count, float *out)
{
    float most = in[0], sum = 0.0f;
    for (size_t i = 1; i < count; i++) {
        most = in[i] > most ? in[i] : most;
    }
    for (size_t i = 0; i < count; i++) {
        out[i] = expf(in[i] - most);
        sum += out[i];
    }
    for (size_t i = 0; i < count; i++) {
        out[i] /= sum;
    }
}
"""

LOG_SOFTMAX = """static inline void why128_log_softmax(const float *in, size_t count, float *out)
{
    float most = in[0], sum = 0.0f;
    for (size_t i = 1; i < count; i++) {
        most = in[i] > most ? in[i] : most;
    }
    for (size_t i = 0; i < count; i++) {
        sum += expf(in[i] - most);
    }
    for (size_t i = 0; i < count; i++) {
        out[i] = in[i] - most - logf(sum);
    }
}
"""

# By Michelot 1986, which needs no sorting: leave out what is below the threshold, until nothing more is.
SPARSEMAX = """static inline void why128_sparsemax(const float *in, size_t count, float *out)
{
    float most = in[0], threshold = -2.0f;
    size_t kept = 0, before = 0;
    for (size_t i = 1; i < count; i++) {
        most = in[i] > most ? in[i] : most;
    }
    do {
        float sum = -1.0f;
        before = kept;
        kept = 0;
        for (size_t i = 0; i < count; i++) {
            if (in[i] - most > threshold) {
                sum += in[i] - most;
                kept++;
            }
        }
        threshold = sum / (float)kept;
    } while (kept != before);
    for (size_t i = 0; i < count; i++) {
        out[i] = in[i] - most > threshold ? in[i] - most - threshold : 0.0f;
    }
}
"""

# Half of the neurons, each by the sigmoid of one of the others; `count` is that of the sums.
GLU = """static inline void why128_glu(const float *in, size_t count, float *out)
{
    const size_t half = count / 2;
    for (size_t i = 0; i < half; i++) {
        out[i] = in[i] * 0.5f * (tanhf(0.5f * in[half + i]) + 1.0f);
    }
}
"""

ACTIVATIONS = {name: ELEMENT.format(name=name, formula=formula) for name, formula in FORMULAS.items()} | {
    "softmax": SOFTMAX,
    "log_softmax": LOG_SOFTMAX,
    "sparsemax": SPARSEMAX,
    "glu": GLU,
}

SCALING = """static inline void why128_scaling(const float *in, size_t count, const float *factor, const float *offset,
                                  size_t several, float *out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = in[i] * factor[several ? i : 0] + offset[several ? i : 0];
    }
}
"""

PRODUCT = """static inline void why128_product(const float *in, size_t count, const float *kernel, const float *bias,
                                  size_t units, float *out)
{
    for (size_t unit = 0; unit < units; unit++) {
        float sum = bias[unit];
        for (size_t i = 0; i < count; i++) {
            sum += in[i] * *kernel++;
        }
        out[unit] = sum;
    }
}
"""

QUANTISED = """static inline void why128_quantised(const float *in, size_t count, float factor, float offset, unsigned char *out)
{
    for (size_t i = 0; i < count; i++) {
        const float x = floorf(in[i] * factor + offset);
        out[i] = (unsigned char)(x > 0.0f ? (x < 255.0f ? x : 255.0f) : 0.0f);
    }
}
"""

INTEGER_PRODUCT = """static inline void why128_integers(const unsigned char *in, size_t count, const int8_t *kernel, const float *scales,
                                   const float *bias, size_t units, float *out)
{
    for (size_t unit = 0; unit < units; unit++) {
        int32_t sum = 0;
        for (size_t i = 0; i < count; i++) {
            sum += (int32_t)in[i] * *kernel++;
        }
        out[unit] = (float)sum * scales[unit] + bias[unit];
    }
}
"""

ARRAY = """static const {kind} {name}[{count}] = {{
{values}
}};
"""

# What a step leaves for the next; floats come first, so that nothing lies between its members.
MEMORY = """static struct {{
{members}
}} why128_memory;

"""

HEADER = """/* A network that tells {classes} classes apart, written by why128: plain C99, no allocation, no dependency but <math.h>.
 *
 * Include this file in one source file, and link with -lm:
 *
 *     float answers[WHY128_CLASSES];
 *     why128_predict(pixels, answers);
 *     puts(why128_class(why128_best(answers)));
 *
 * pixels: {inputs} numbers of one image, row by row ({shape}), from {black:.9g} (black) to {white:.9g} (white).
 * Weights: {constants} bytes of constants.  Working memory: {memory} bytes, static, so that one image is answered at a time.
 * Two networks in one program: each in a source file of its own; all names are static.
 */
#ifndef WHY128_NETWORK_H
#define WHY128_NETWORK_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#define WHY128_INPUTS {inputs}
#define WHY128_CLASSES {classes}

typedef {pixel} why128_pixel;

static const char *const why128_classes[WHY128_CLASSES] = {{
{names}
}};

{memories}{arrays}{functions}
/* The network's answer for one image: a number for each class. */
static inline void why128_predict(const why128_pixel *pixels, float *answers)
{{
{calls}
}}

/* The class with the largest answer, counted from 0. */
static inline int why128_best(const float *answers)
{{
    int best = 0;
    for (int i = 1; i < WHY128_CLASSES; i++) {{
        best = answers[i] > answers[best] ? i : best;
    }}
    return best;
}}

/* The name of a class, in UTF-8. */
static inline const char *why128_class(int number)
{{
    return why128_classes[number];
}}

#endif
"""
