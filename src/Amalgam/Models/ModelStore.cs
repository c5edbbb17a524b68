using Amalgam.ControlPlane.Ports;
using Amalgam.Core;

namespace Amalgam.Hosting;

/// <summary>`demo` comes with the program, paths are on this machine, `hf:OWNER/REPO/FILE` is fetched into the data directory.</summary>
internal sealed class ModelStore(HubFetch hub) : IModels
{
    public const string DemoName = "demo";

    private static string DemoPath => Path.Combine(AppContext.BaseDirectory, "models", "demo.gguf");

    public Outcome<ModelFacts> Resolve(string model)
    {
        if (string.IsNullOrWhiteSpace(model))
        {
            return new Refusal(RefusalCodes.Invalid, "say which model: demo, a path to a .gguf file on the cloud's machine, or hf:OWNER/REPO/FILE");
        }

        if (model == DemoName)
        {
            return GgufFacts.Read(DemoPath, model, DemoName);
        }

        if (HubReference.Parse(model) is { } reference)
        {
            return reference.Refusal is { } refusal ? refusal
                : File.Exists(hub.PathOf(reference.Value!)) ? GgufFacts.Read(hub.PathOf(reference.Value!), model, Name(reference.Value!.File))
                : new Refusal(RefusalCodes.NotFound, $"{model} is not on this machine yet: `amalgam serve {model}` fetches it first");
        }

        return Path.IsPathFullyQualified(model)
            ? GgufFacts.Read(Path.GetFullPath(model), model, Name(model))
            : new Refusal(RefusalCodes.NotFound, $"there is no model '{model}': use demo, an absolute path on the cloud's machine, or hf:OWNER/REPO/FILE");
    }

    public Outcome<ModelFetch> Fetch(string model)
    {
        if (HubReference.Parse(model) is { } reference)
        {
            return reference.Refusal is { } refusal ? refusal : hub.Begin(reference.Value!);
        }

        var facts = Resolve(model);
        return facts.Refusal is { } missing ? missing : new ModelFetch(model, ModelFetchState.Ready, facts.Value!.Path, facts.Value.WeightBytes, facts.Value.WeightBytes, null);
    }

    /// <summary>`Qwen2.5-0.5B-q8_0.gguf` to `qwen2.5-0.5b-q8_0`.</summary>
    private static string Name(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        var clean = new string([.. name.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-' ? char.ToLowerInvariant(letter) : '-').Take(60)]).TrimStart('.', '_', '-');
        return clean.Length == 0 ? "model" : clean;
    }
}
