from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("web", "0001_filters_and_search")]

    operations = [
        migrations.RemoveField(model_name="searchentry", name="about"),
        migrations.AlterField(model_name="searchentry", name="audience", field=models.CharField(max_length=80)),
        migrations.AddField(
            model_name="searchentry",
            name="scope",
            field=models.CharField(default="", max_length=20),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="searchentry",
            name="title_words",
            field=models.TextField(default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="searchentry",
            name="words",
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
    ]
