/** \file
   graft for C, and for whatever speaks C: the library graft::instances. No function throws; one that fails
   returns null or -1, and graft_error() says what went wrong, where, and what to do. A model is used by one thread
   at a time. Texts are UTF-8. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** \addtogroup running
   @{ */

/** A model with its tokenizer, its method and the optimizer of what is trained. */
typedef struct graft_model graft_model;

/** What went wrong last on this thread; never null. */
const char* graft_error(void);

/** Opens a .gguf file or a Hugging Face folder of a model that writes texts, of any family. method: the short
   name of one that was compiled in ("lora"; graft_compiled lists all), or, where there is a compiler and the file
   toolchain.json that `cmake --install` writes (GRAFT_TOOLCHAIN in the environment names it), any type ("LoRA<4,
   On<Query>>"), for which a program is compiled the first time. learning_rate: AdamW's; 0 takes what suits the
   method. Returns null on failure. */
graft_model* graft_open(const char* model, const char* method, float learning_rate, uint64_t seed);
/** Releases it; null is nothing to release. */
void graft_close(graft_model* model);

/** What number `index` of the compiled instances is, like "SmolLM2_135M lora = LoRA<8, Alpha<16>>"; null behind
   the last. */
const char* graft_compiled(size_t index);

/** One optimizer step on `count` pairs of texts. Writes the mean loss before it to *loss, if that is not null.
   Returns 0, or -1. */
int graft_train_step(graft_model* model, const char* const* prompts, const char* const* completions, size_t count,
                     double* loss);

/** Answers a prompt. each(text, user), if it is not null, is called with every piece of text as it becomes
   certain. Returns the whole answer, which the caller releases with graft_free, or null. temperature 0 takes the
   likeliest token. */
char* graft_generate(graft_model* model, const char* prompt, size_t max_new_tokens, float temperature, uint64_t seed,
                     void (*each)(const char* text, void* user), void* user);
/** Releases a text that graft_generate returned; null is nothing to release. */
void graft_free(char* text);

/** Writes what was trained as a folder that HF PEFT opens. Returns 0, or -1. */
int graft_save_adapter(const graft_model* model, const char* folder);
/** Reads such a folder in place of what was trained. Returns 0, or -1: nothing is changed then. */
int graft_load_adapter(graft_model* model, const char* folder);

/** How many numbers the model has. */
size_t graft_parameters(const graft_model* model);
/** How many numbers are trained. */
size_t graft_trainable_parameters(const graft_model* model);

/** The learning rate of graft_train_step: what graft_open was given, or what suits the method; below 0 on
   failure. */
float graft_learning_rate(graft_model* model);

/** @} */

#ifdef __cplusplus
}
#endif
