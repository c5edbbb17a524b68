using System.Text;

namespace Amalgam.Engines.Slurm;

/// <summary>What all members of one cloud share in the folder that every node sees.</summary>
/// <param name="Cloud">Random, made at the first start: several clouds may share an account and must not take each other's jobs for theirs.</param>
/// <param name="Script">What members run under.</param>
internal sealed record SharedFiles(string Cloud, string Script)
{
    public static SharedFiles Open(string folder)
    {
        foreach (var name in (string[])["members", "logs", "gangs"]) PrivateFile.CreateFolder(Path.Combine(folder, name));
        var file = Path.Combine(folder, "cloud");
        if (!File.Exists(file) || File.ReadAllText(file).Trim().Length == 0)
        {
            PrivateFile.Write(file + ".new", Encoding.ASCII.GetBytes(Guid.NewGuid().ToString("N")[..12] + "\n"));
            File.Move(file + ".new", file, overwrite: true);
        }

        using var stream = typeof(SharedFiles).Assembly.GetManifestResourceStream("slurm-member.sh")!;
        using var reader = new StreamReader(stream);
        var script = Path.Combine(folder, "member.sh");
        PrivateFile.Write(script + ".new", Encoding.UTF8.GetBytes(reader.ReadToEnd()));
        File.Move(script + ".new", script, overwrite: true);
        return new SharedFiles(File.ReadAllText(file).Trim(), script);
    }
}
