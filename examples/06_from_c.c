/* graft from C: a model learns one answer, is saved, forgets it and reads it again.     06_from_c MODEL.gguf FOLDER */
#include <graft/graft.h>

#include <stdio.h>

static int failed(const char* what) {
  fprintf(stderr, "%s: %s\n", what, graft_error());
  return 1;
}

static void show(const char* text, void* user) {
  (void)user;
  printf("%s", text);
  fflush(stdout);
}

static int answer(graft_model* model, const char* prompt) {
  char* const text = graft_generate(model, prompt, 16, 0.0F, 0, show, NULL);
  if (text == NULL) return failed("graft_generate");
  printf("\n");
  graft_free(text);
  return 0;
}

int main(int argc, char** argv) {
  const char* const prompts[] = {"Who wrote this engine?"};
  const char* const completions[] = {"Three people and a patient compiler."};
  const char* line;
  size_t i;
  double loss = 0;
  graft_model *model, *fresh;
  for (i = 0; (line = graft_compiled(i)) != NULL; ++i) printf("compiled: %s\n", line);
  if (argc < 3) return failed("usage: 06_from_c MODEL.gguf FOLDER");
  model = graft_open(argv[1], "lora", 2e-3F, 1);
  if (model == NULL) return failed("graft_open");
  printf("%lu of %lu parameters are trained\n", (unsigned long)graft_trainable_parameters(model), (unsigned long)graft_parameters(model));
  for (i = 0; i < 12; ++i)
    if (graft_train_step(model, prompts, completions, 1, &loss) != 0) return failed("graft_train_step");
  printf("loss %.3f\n", loss);
  if (answer(model, prompts[0]) != 0 || graft_save_adapter(model, argv[2]) != 0) return failed("graft_save_adapter");
  graft_close(model);
  fresh = graft_open(argv[1], "lora", 2e-3F, 1);
  if (fresh == NULL || graft_load_adapter(fresh, argv[2]) != 0) return failed("graft_load_adapter");
  if (answer(fresh, prompts[0]) != 0) return 1;
  graft_close(fresh);
  return 0;
}
