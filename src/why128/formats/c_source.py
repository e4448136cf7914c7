"""The C of every step and activation, as text: plain C99 that C++ takes too, with the sizes of integers and nothing else, so that it
needs no library: not even that of <math.h>, which is another on each machine.

Functions read `in` and write `out`, which may be the same array but for a product's.
"""

from __future__ import annotations

# e to the x, by Cody and Waite's reduction and the polynomial of Cephes (Moshier): within 2e-7 of it, relative; 0 below e to the -86.
EXP = """static inline float why128_exp(float x)
{
    union { uint32_t bits; float value; } power;
    int32_t k;
    float r, p;
    if (!(x > -86.0f)) {
        return x == x ? 0.0f : x;
    }
    power.bits = 0x7f800000u;
    if (x > 88.72f) {
        return power.value;
    }
    k = (int32_t)(x * 1.44269504f + (x < 0.0f ? -0.5f : 0.5f));
    r = (x - (float)k * 0.693359375f) + (float)k * 2.12194440e-4f;
    p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    power.bits = (uint32_t)(k + 126) << 23;
    return p * power.value * 2.0f;
}
"""

# The natural logarithm of a number of at least 1, likewise from Cephes.
LOG = """static inline float why128_log(float x)
{
    union { uint32_t bits; float value; } part;
    int32_t k;
    float r, p;
    part.value = x;
    k = (int32_t)(part.bits >> 23) - 126;
    part.bits = (part.bits & 0x7fffffu) | 0x3f000000u;
    r = part.value;
    if (r < 0.707106781f) {
        k -= 1;
        r += r;
    }
    r -= 1.0f;
    p = 7.0376836292e-2f;
    p = p * r - 1.1514610310e-1f;
    p = p * r + 1.1676998740e-1f;
    p = p * r - 1.2420140846e-1f;
    p = p * r + 1.4249322787e-1f;
    p = p * r - 1.6668057665e-1f;
    p = p * r + 2.0000714765e-1f;
    p = p * r - 2.4999993993e-1f;
    p = p * r + 3.3333331174e-1f;
    p = p * r * r * r - (float)k * 2.12194440e-4f - 0.5f * r * r;
    return r + p + (float)k * 0.693359375f;
}
"""

# Likewise; the polynomial where 1 - 2 / (e to the 2x + 1) would cancel.
TANH = """static inline float why128_tanh(float x)
{
    const float size = x < 0.0f ? -x : x;
    float p;
    if (size < 0.625f) {
        const float z = x * x;
        p = -5.70498872745e-3f;
        p = p * z + 2.06390887954e-2f;
        p = p * z - 5.37397155531e-2f;
        p = p * z + 1.33314422036e-1f;
        p = p * z - 3.33332819422e-1f;
        return p * z * x + x;
    }
    p = 1.0f - 2.0f / (why128_exp(2.0f * size) + 1.0f);
    return x < 0.0f ? -p : p;
}
"""

# Below 1 the polynomial of Cephes; from there Abramowitz and Stegun 7.1.26, within 1.5e-7.
ERF = """static inline float why128_erf(float x)
{
    const float size = x < 0.0f ? -x : x;
    const float t = 1.0f / (1.0f + 0.3275911f * size), z = x * x;
    float p;
    if (size < 1.0f) {
        p = 7.853861353153693e-5f;
        p = p * z - 8.010193625184903e-4f;
        p = p * z + 5.188327685732524e-3f;
        p = p * z - 2.685381193529856e-2f;
        p = p * z + 1.128358514861418e-1f;
        p = p * z - 3.761262582423300e-1f;
        return p * z * x + 1.128379165726710f * x;
    }
    p = 1.061405429f;
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    p = 1.0f - p * t * why128_exp(-z);
    return x < 0.0f ? -p : p;
}
"""

# Of a positive number: half its exponent, within 4 %, then Newton's steps.
SQRT = """static inline float why128_sqrt(float x)
{
    union { uint32_t bits; float value; } root;
    root.value = x;
    root.bits = (root.bits >> 1) + 0x1fbb4000u;
    for (int i = 0; i < 3; i++) {
        root.value = 0.5f * (root.value + x / root.value);
    }
    return root.value;
}
"""

# What functions below call, in the order in which C must read it.
CALLED = {"why128_exp(": EXP, "why128_log(": LOG, "why128_tanh(": TANH, "why128_erf(": ERF, "why128_sqrt(": SQRT}

ELEMENT = """static inline void why128_apply_{name}(const float *in, size_t count, float *out)
{{
    for (size_t i = 0; i < count; i++) {{
        const float x = in[i];
        out[i] = {formula};
    }}
}}
"""

SOFTPLUS = "(x > 0.0f ? x : 0.0f) + why128_log(1.0f + why128_exp(x < 0.0f ? x : -x))"
SIGMOID = "1.0f / (1.0f + why128_exp(-x))"
HARD_SIGMOID = "(x <= -3.0f ? 0.0f : x >= 3.0f ? 6.0f : x + 3.0f) / 6.0f"

# One number in, one number out: a C expression in x.
FORMULAS = {
    "linear": "x",
    "relu": "x < 0.0f ? 0.0f : x",
    "relu6": "x <= 0.0f ? 0.0f : x >= 6.0f ? 6.0f : x",
    "leaky_relu": "x >= 0.0f ? x : 0.2f * x",
    "elu": "x > 0.0f ? x : why128_exp(x) - 1.0f",
    "celu": "x > 0.0f ? x : why128_exp(x) - 1.0f",
    "selu": "1.05070099f * (x > 0.0f ? x : 1.67326324f * (why128_exp(x) - 1.0f))",
    "gelu": "0.5f * x * (1.0f + why128_erf(0.707106781f * x))",
    "silu": "x / (1.0f + why128_exp(-x))",
    "mish": f"x * why128_tanh({SOFTPLUS})",
    "softplus": SOFTPLUS,
    "softsign": "x / (1.0f + (x < 0.0f ? -x : x))",
    "squareplus": "0.5f * (x + why128_sqrt(x * x + 4.0f))",
    "sparse_plus": "x <= -1.0f ? 0.0f : x < 1.0f ? 0.25f * (x + 1.0f) * (x + 1.0f) : x",
    "soft_shrink": "x > 0.5f ? x - 0.5f : x < -0.5f ? x + 0.5f : 0.0f",
    "hard_shrink": "(x < 0.0f ? -x : x) > 0.5f ? x : 0.0f",
    "tanh_shrink": "x - why128_tanh(x)",
    "tanh": "why128_tanh(x)",
    "hard_tanh": "x > 1.0f ? 1.0f : x < -1.0f ? -1.0f : x",
    "sigmoid": SIGMOID,
    "hard_sigmoid": HARD_SIGMOID,
    "hard_silu": f"x * ({HARD_SIGMOID})",
    "log_sigmoid": "(x < 0.0f ? x : 0.0f) - why128_log(1.0f + why128_exp(x < 0.0f ? x : -x))",
    "sparse_sigmoid": "x <= -1.0f ? 0.0f : x >= 1.0f ? 1.0f : 0.5f * (x + 1.0f)",
    "exponential": "why128_exp(x)",
}

SOFTMAX = """static inline void why128_apply_softmax(const float *in, size_t count, float *out)
{
    float most = in[0], sum = 0.0f;
    for (size_t i = 1; i < count; i++) {
        most = in[i] > most ? in[i] : most;
    }
    for (size_t i = 0; i < count; i++) {
        out[i] = why128_exp(in[i] - most);
        sum += out[i];
    }
    for (size_t i = 0; i < count; i++) {
        out[i] /= sum;
    }
}
"""

LOG_SOFTMAX = """static inline void why128_apply_log_softmax(const float *in, size_t count, float *out)
{
    float most = in[0], sum = 0.0f;
    for (size_t i = 1; i < count; i++) {
        most = in[i] > most ? in[i] : most;
    }
    for (size_t i = 0; i < count; i++) {
        sum += why128_exp(in[i] - most);
    }
    for (size_t i = 0; i < count; i++) {
        out[i] = in[i] - most - why128_log(sum);
    }
}
"""

# By Michelot 1986, which needs no sorting: leave out what is below the threshold, until nothing more is.
SPARSEMAX = """static inline void why128_apply_sparsemax(const float *in, size_t count, float *out)
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
GLU = """static inline void why128_apply_glu(const float *in, size_t count, float *out)
{
    const size_t half = count / 2;
    for (size_t i = 0; i < half; i++) {
        out[i] = in[i] / (1.0f + why128_exp(-in[half + i]));
    }
}
"""

# Those with parameters, which are filled in.
PARAMETRIC = {
    "relu": "x >= {max_value} ? {max_value} : x > {threshold} ? x : {negative_slope} * (x - {threshold})",
    "leaky_relu": "x >= 0.0f ? x : {negative_slope} * x",
    "elu": "x > 0.0f ? x : {alpha} * (why128_exp(x) - 1.0f)",
}

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

SLOPED = """static inline void why128_sloped(const float *in, size_t count, const float *alpha, float *out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = in[i] < 0.0f ? alpha[i] * in[i] : in[i];
    }
}
"""

STANDARDISED = """static inline void why128_standardised(const float *in, size_t count, const float *gamma, const float *beta,
                                       float epsilon, float *out)
{
    float mean = 0.0f, variance = 0.0f, factor;
    for (size_t i = 0; i < count; i++) {
        mean += in[i];
    }
    mean /= (float)count;
    for (size_t i = 0; i < count; i++) {
        variance += (in[i] - mean) * (in[i] - mean);
    }
    factor = 1.0f / why128_sqrt(variance / (float)count + epsilon);
    for (size_t i = 0; i < count; i++) {
        out[i] = (in[i] - mean) * factor * gamma[i] + beta[i];
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
        const float x = in[i] * factor + offset;
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

HEADER = """/* A network that tells {classes} classes apart, written by why128: plain C99, no library, no allocation.
 *
 * Include this file in one source file:
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
