"""Every field that configs of HF PEFT and of AdapterHub's library can have is in graft's table of keys, or the method is refused by name; a key that nobody knows is refused, too.
usage: config_keys.py GRAFT     Exit status 77: the libraries are not there."""
import dataclasses
import json
import os
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
try:
    import adapters
    import peft
    from adapters import configuration
except ImportError as error:
    print(f"skipped: {error}; GRAFT_INTEROP_PYTHON names a Python with peft and adapters")
    sys.exit(77)

graft = sys.argv[1]
table = json.loads(subprocess.run([graft, "inspect", "--keys", "--json"], check=True, capture_output=True, text=True).stdout)
errors, fields = [], 0


def known(library, kind, name):
    return any(entry["key"] == name and (kind in entry["types"] or entry["types"] == ["*"]) for entry in table[library])


def inspected(config):
    with tempfile.TemporaryDirectory() as folder:
        json.dump(config, open(os.path.join(folder, "adapter_config.json"), "w"), default=lambda value: sorted(value) if isinstance(value, set) else value.value)
        return json.loads(subprocess.run([graft, "inspect", folder, "--json"], capture_output=True, text=True).stdout)["refused"]


def fall_through(library, kind, config_class, extra=()):
    global fields
    for name in [f.name for f in dataclasses.fields(config_class)] + list(extra):
        fields += 1
        if not known(library, kind, name):
            errors.append(f"{config_class.__name__}: {name} is not in the table for {kind}")


for kind, config_class in peft.PEFT_TYPE_TO_CONFIG_MAPPING.items():
    kind = getattr(kind, "value", kind)
    if kind not in table["peft_types"]:
        if not any("peft_type is" in refusal for refusal in inspected({"peft_type": kind, "r": 8})):
            errors.append(f"{kind}: neither known nor refused")
        continue
    fall_through("peft", kind, config_class)
    try:
        usual = config_class().to_dict()
    except (TypeError, ValueError):  # no default for a size
        usual = {"peft_type": kind}
    if refused := inspected(usual):
        errors.append(f"{kind}: what PEFT writes unasked is refused: {refused}")
    if not any("brand_new is 3" in refusal for refusal in inspected(usual | {"brand_new": 3})):
        errors.append(f"{kind}: an unknown key is not refused")

for config_class in vars(configuration).values():
    if not (isinstance(config_class, type) and dataclasses.is_dataclass(config_class)):
        continue
    kind = getattr(config_class, "architecture", None) or "adapter"
    if issubclass(config_class, configuration.AdapterFusionConfig):
        kind = "fusion"
    if any(kind in entry["types"] for entry in table["adapters"]):
        fall_through("adapters", kind, config_class)
    elif not any("architecture is" in refusal for refusal in inspected({"model_type": "llama", "hidden_size": 32, "name": "a", "config": {"architecture": kind}})):
        errors.append(f"{config_class.__name__}: {kind} is neither known nor refused")

print(f"PEFT {peft.__version__}, adapters {adapters.__version__}: {fields} fields")
print("\n".join(errors))
sys.exit(bool(errors))
