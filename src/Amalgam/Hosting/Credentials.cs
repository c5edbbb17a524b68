using System.Text.Json;
using System.Text.Json.Serialization;

namespace Amalgam.Hosting;

/// <summary>Where the cloud is and the key for it, left by `up` for the same user's CLI.</summary>
internal sealed record Credentials(string Url, string Key)
{
    private static string Folder => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } config ? config : Path.Combine(Home, ".config"), "amalgam");

    private static string Home => Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home ? home : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    public static string File => Path.Combine(Folder, "credentials.json");

    public static string DefaultDataDirectory => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } data ? data : Path.Combine(Home, ".local", "share"), "amalgam");

    public static Credentials? Read()
    {
        try
        {
            return System.IO.File.Exists(File) ? JsonSerializer.Deserialize(System.IO.File.ReadAllText(File), CredentialsJson.Default.Credentials) : null;
        }
        catch (Exception fault) when (fault is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"{File} cannot be read ({fault.Message}): delete it and start `amalgam up` again, or give --server and --key");
        }
    }

    public void Write()
    {
        Directory.CreateDirectory(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        DataDirectory.WritePrivate(File, JsonSerializer.Serialize(this, CredentialsJson.Default.Credentials));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(Credentials))]
internal sealed partial class CredentialsJson : JsonSerializerContext;
