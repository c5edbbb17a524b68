using Amalgam.Runtime.Gguf;

namespace Core.Tests.Runtime;

/// <summary>A file of metadata alone, deleted as soon as it is mapped (where the system allows that) or with the temporary folder.</summary>
internal static class TemporaryGguf
{
    public static GgufFile Open(IReadOnlyList<KeyValuePair<string, object>> metadata)
    {
        var path = Path.Combine(Path.GetTempPath(), $"amalgam-metadata-{Guid.NewGuid():N}.gguf");
        GgufWriter.Write(path, metadata, []);
        var file = GgufFile.Open(path);
        File.Delete(path);
        return file;
    }
}
