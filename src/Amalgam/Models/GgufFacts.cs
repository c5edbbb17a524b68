using System.Collections.Concurrent;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core;
using Amalgam.Runtime.Gguf;

namespace Amalgam.Hosting;

/// <summary>What placement needs to know of a GGUF file. Read once per version of the file.</summary>
internal static class GgufFacts
{
    private static readonly ConcurrentDictionary<(string Path, long Length, DateTime Written), ModelFacts> Known = new();

    public static Outcome<ModelFacts> Read(string path, string model, string suggestedName)
    {
        try
        {
            var info = new FileInfo(path);
            if (Directory.Exists(path))
            {
                return new Refusal(RefusalCodes.Invalid, $"{path} is a folder: give the model file in it (*.gguf)");
            }

            if (!info.Exists)
            {
                return new Refusal(RefusalCodes.NotFound, $"there is no model file {path}: give a path on the cloud's machine, hf:OWNER/REPO/FILE, or demo");
            }

            var facts = Known.GetOrAdd((path, info.Length, info.LastWriteTimeUtc), static at => Open(at.Path, at.Length));
            return facts with { Model = model, SuggestedName = suggestedName };
        }
        catch (ModelFormatException wrong)
        {
            return new Refusal(RefusalCodes.Invalid, wrong.Message);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return new Refusal(RefusalCodes.Invalid, $"the model file {path} cannot be read: {fault.Message}");
        }
    }

    private static ModelFacts Open(string path, long length)
    {
        using var file = GgufFile.Open(path);
        var prefix = file.Architecture;
        int Number(string key) => file.Metadata.Integer($"{prefix}.{key}", 0);
        var heads = Math.Max(1, Number("attention.head_count"));
        var headWidth = Number("attention.key_length") is > 0 and var width ? width : Number("embedding_length") / heads;
        return new ModelFacts(
            path, path, $"{Path.GetFileName(path)}:{length}", "", "gguf", file.Architecture, file.Tensors.Sum(tensor => tensor.ByteLength), Number("block_count"),
            Number("attention.head_count_kv") is > 0 and var shared ? shared : heads, headWidth, Number("context_length"));
    }
}
