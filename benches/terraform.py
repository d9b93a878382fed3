"""The stacks of generate.py for Terraform, of its built-in `terraform_data`: as many resources, with the same values and references."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import generate

# Asks nobody for newer versions, and has no settings of the user's.
ENVIRONMENT = dict(os.environ, CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1", TF_CLI_CONFIG_FILE=os.devnull)

TOKEN = re.compile(r'(?P<text>"[^"]*")|(?P<network>NET\.(?P<third>\d+)\.0/\d+)|(?P<literal>\d+\.\d+\.\d+\.\d+/\d+|\d+(?:d|GiB)\b)'
                   r'|(?P<key>[A-Za-z_]\w*)(?=\s*=)|(?P<name>[A-Za-z_]\w*)(?:\.\w+)?')


def expression(value):
    """An expression of plat in Terraform's language."""
    def token(found):
        if found["text"]:
            return found["text"].replace("NAME", "${var.name}")
        if found["network"]:
            whole = found["network"] == "NET.0.0/16"
            return "var.cidr" if whole else f"cidrsubnet(var.cidr, 8, {found['third']})"
        if found["literal"]:
            return f'"{found["literal"]}"'
        if found["key"] or found["name"] in ("true", "false"):
            return found[0]
        return f"terraform_data.{found['name']}.id"
    return TOKEN.sub(token, str(value))


def text(resource):
    lines = "".join(f"    {key} = {expression(value)}\n" for key, value in resource.attributes.items())
    after = ", ".join(f"terraform_data.{on}" for on in resource.after)
    waits = f"  depends_on = [{after}]\n" if after else ""
    return f'resource "terraform_data" "{resource.name}" {{\n  input = {{\n{lines}  }}\n{waits}}}\n'


def texts(resources):
    return "\n".join(text(resource) for resource in resources)


def components(count):
    """The environment as a module, one instance per key of a `for_each`."""
    instances = "".join(f'    "{name}" = "{cidr}"\n' for name, cidr in generate.networks(count).items())
    main = (f"locals {{\n  networks = {{\n{instances}  }}\n}}\n\n"
            'module "env" {\n  source   = "./environment"\n  for_each = local.networks\n  name     = each.key\n  cidr     = each.value\n}\n')
    variables = 'variable "name" { type = string }\nvariable "cidr" { type = string }\n\n'
    return {"main.tf": main, "environment/main.tf": variables + texts(generate.environment())}


def write(shape, count, folder):
    folder = pathlib.Path(folder)
    if shape in generate.MODELS:
        files = {f"{name}.tf": texts(resources) for name, resources in generate.MODELS[shape](count).items()}
    else:
        files = components(count)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def version():
    """Terraform's version; `None` where there is none on PATH."""
    if shutil.which("terraform") is None:
        return None
    told = subprocess.run(["terraform", "version", "-json"], env=ENVIRONMENT, capture_output=True, check=True).stdout
    return json.loads(told)["terraform_version"]


class Stack:
    """A stack for Terraform with its state beside it, as plat's of generate.py."""

    DEEDS = {"validate": ["validate"], "plan, all new": ["plan"], "apply": ["apply", "-auto-approve"],
             "plan, no change": ["plan", "-detailed-exitcode"], "destroy": ["destroy", "-auto-approve"]}

    def __init__(self, folder, shape, count):
        self.options = {"cwd": str(folder), "env": ENVIRONMENT}
        write(shape, count, folder)
        subprocess.run(["terraform", "init", "-input=false"], capture_output=True, check=True, **self.options)

    def command(self, what):
        return ["terraform", *self.DEEDS[what], "-no-color"]
