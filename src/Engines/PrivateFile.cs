using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Amalgam.Engines;

/// <summary>Records of engines: readable by the cloud's user alone, there whole or not at all.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerFolder = OwnerOnly | UnixFileMode.UserExecute;

    public static void CreateFolder(string folder) => Directory.CreateDirectory(folder, OwnerFolder);

    public static void Write(string file, ReadOnlySpan<byte> content)
    {
        using var stream = new FileStream(file, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0, UnixCreateMode = OwnerOnly });
        stream.Write(content);
    }

    /// <summary>Opens for appending while others read and append.</summary>
    public static FileStream Append(string file) => new(file, new FileStreamOptions
    {
        Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite, BufferSize = 0, UnixCreateMode = OwnerOnly,
    });

    /// <summary>Written beside it and renamed.</summary>
    public static void WriteRecord<T>(string file, T record, JsonTypeInfo<T> type)
    {
        Write(file + ".new", JsonSerializer.SerializeToUtf8Bytes(record, type));
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <returns>Null when it was not written, or only half by a machine that lost power.</returns>
    public static T? ReadRecord<T>(string file, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), type);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }
}
